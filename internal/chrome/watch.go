package chrome

import (
	"fmt"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// request is one that the page made.
type request struct {
	url    string
	kind   network.ResourceType
	loader cdp.LoaderID
}

// watch follows what the page does: what it loads, whether it is about to be
// replaced, and what it complained of.
type watch struct {
	mu       sync.Mutex
	open     map[network.RequestID]request
	answered map[network.RequestID]bool // requests of a page or script, whose status the test itself judges
	statuses map[cdp.LoaderID]int64     // of the whole pages, also those that "back" may show again
	leaving  bool
	since    time.Time    // when it was last about to leave
	shown    cdp.LoaderID // the page that is there now
	moves    int          // navigations that have ended
	errors   []string
}

func newWatch() *watch {
	return &watch{
		open:     map[network.RequestID]request{},
		answered: map[network.RequestID]bool{},
		statuses: map[cdp.LoaderID]int64{},
	}
}

// event is told of everything that happens, in the order in which it happens.
func (w *watch) event(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *page.EventFrameRequestedNavigation:
		if ev.Disposition == page.ClientNavigationDispositionCurrentTab {
			w.leaving, w.since = true, time.Now()
		}
	case *page.EventFrameStoppedLoading:
		w.leaving = false
	case *page.EventNavigatedWithinDocument:
		w.leaving = false
		w.moves++
	case *page.EventFrameNavigated:
		w.arrived(ev.Frame.LoaderID)
	case *network.EventRequestWillBeSent:
		w.sent(ev)
	case *network.EventResponseReceived:
		if ev.Type == network.ResourceTypeDocument {
			w.statuses[ev.LoaderID] = ev.Response.Status
		}
	case *network.EventLoadingFinished:
		delete(w.open, ev.RequestID)
	case *network.EventLoadingFailed:
		delete(w.open, ev.RequestID)
	default:
		w.complaint(ev)
	}
}

// arrived forgets what the page before was still loading.
func (w *watch) arrived(loader cdp.LoaderID) {
	w.leaving = false
	w.shown = loader
	w.moves++
	for id, r := range w.open {
		if r.loader != loader {
			delete(w.open, id)
		}
	}
}

func (w *watch) sent(ev *network.EventRequestWillBeSent) {
	switch ev.Type {
	case network.ResourceTypeEventSource, network.ResourceTypeWebSocket, network.ResourceTypePing:
		return // these may stay open for as long as the page does
	case network.ResourceTypeDocument, network.ResourceTypeFetch, network.ResourceTypeXHR:
		w.answered[ev.RequestID] = true
	}
	w.open[ev.RequestID] = request{ev.Request.URL, ev.Type, ev.LoaderID}
}

// complaint keeps what a person would see in red in the console: exceptions,
// breaches of the content security policy, files that did not load.
func (w *watch) complaint(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		w.errors = append(w.errors, "exception: "+ev.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.APITypeError && len(ev.Args) > 0 {
			w.errors = append(w.errors, "console.error: "+string(ev.Args[0].Value)+ev.Args[0].Description)
		}
	case *log.EventEntryAdded:
		if e := ev.Entry; e.Level == log.LevelError && !w.answered[e.NetworkRequestID] {
			w.errors = append(w.errors, fmt.Sprintf("%s: %s %s", e.Source, e.Text, e.URL))
		}
	}
}

// abandoned is after how long a navigation without a request counts as ended:
// Chromium does not always report the end of the two that a double click
// starts.
const abandoned = 4 * time.Second

// resting is true when nothing loads and no navigation is under way; else
// why says what is.
func (w *watch) resting() (why string, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.leaving && time.Since(w.since) < abandoned {
		return "the page is being left", false
	}
	for _, r := range w.open {
		return "still loading " + r.url, false
	}
	return "", true
}

// moved counts the navigations so far.
func (w *watch) moved() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.moves
}

// acceptDialogs says yes to alert and confirm, which would hold the page up.
func (b *Browser) acceptDialogs(ev any) {
	if _, ok := ev.(*page.EventJavascriptDialogOpening); ok {
		go chromedp.Run(b.ctx, page.HandleJavaScriptDialog(true))
	}
}
