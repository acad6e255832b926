package commands

import (
	"context"
	"net/http"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// tell sends a state to systemd, if it started this process with Type=notify.
func tell(state string) { _, _ = daemon.SdNotify(false, state) }

// watchdog tells systemd, twice in each period that it gives, that this process
// works. It stops when a request for /healthz gets no answer, so that systemd
// starts the process again.
func watchdog(ctx context.Context, h http.Handler) {
	every, err := daemon.SdWatchdogEnabled(false)
	if err != nil || every <= 0 {
		return
	}
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for {
		probe, _ := http.NewRequestWithContext(ctx, http.MethodGet, "/healthz", nil)
		h.ServeHTTP(nowhere{}, probe)
		tell(daemon.SdNotifyWatchdog)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// nowhere is a response writer that keeps nothing.
type nowhere struct{}

func (nowhere) Header() http.Header         { return http.Header{} }
func (nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (nowhere) WriteHeader(int)             {}
