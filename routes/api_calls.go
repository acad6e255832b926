package routes

import (
	"net/url"
	"strconv"
	"sync"
	"time"
)

// callsAMinute is how many calls a token may make in a minute, to one process.
const callsAMinute = 600

// calls counts the calls of tokens. Only tokens that work are counted, so it has
// at most as many entries as there are tokens.
type calls struct {
	mu     sync.Mutex
	minute time.Time
	n      map[string]int
}

// take counts a call; false when there were too many in this minute.
func (x *calls) take(id string, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if m := now.Truncate(time.Minute); !m.Equal(x.minute) || x.n == nil {
		x.minute, x.n = m, map[string]int{}
	}
	x.n[id]++
	return x.n[id] <= callsAMinute
}

// parseQuery reads a query; unlike URL.Query it says what it cannot read.
func parseQuery(raw string) (url.Values, error) { return url.ParseQuery(raw) }

// apiPage is a page of a list. Next is null on the last.
type apiPage[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

// pageOf makes a page; next is empty on the last.
func pageOf[T any](items []T, next string) apiPage[T] {
	p := apiPage[T]{Items: items}
	if items == nil {
		p.Items = []T{}
	}
	if next != "" {
		p.Next = &next
	}
	return p
}

const apiLimit, apiMost = 50, 200 // items on a page: unless asked otherwise, and at most

// limitOf reads how many items a page shall have.
func limitOf(text string) (int, error) {
	if text == "" {
		return apiLimit, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > apiMost {
		return 0, wrong("The parameter limit is a number from 1 to 200.")
	}
	return n, nil
}

// moment is a time as JSON has it; null for never.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
