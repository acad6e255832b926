package commands

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/store"
)

// slowQuery is how long a statement may take before it is a line in the log: a page
// makes about ten, and should take less than a second.
const slowQuery = 200 * time.Millisecond

// metrics are what /metrics shows. They have a listener of their own, because
// those who may read them are not those who may use the site.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.HistogramVec
	events    *prometheus.CounterVec
	challenge *prometheus.HistogramVec
	database  *prometheus.HistogramVec
	log       *slog.Logger
}

// newMetrics has the parts of a site counted and measured.
func newMetrics(b *base) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), log: b.settings.Log,
		requests: seconds("nightlatch_request_seconds", "Requests by route, method and status.", []float64{.001, .003, .01, .03, .1, .3, 1, 3}, "method", "route", "status"),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nightlatch_events_total",
			Help: "Events of the audit log that this process recorded, and for a sign-in its factor (browser: a trusted browser; empty: none)."}, []string{"event", "factor"}),
		challenge: seconds("nightlatch_challenge_seconds", "From the password to the second factor, for sign-ins that came so far.", []float64{2, 5, 10, 20, 40, 90, 180, 600}, "factor"),
		database:  seconds("nightlatch_database_seconds", "Statements by operation.", []float64{.0001, .0003, .001, .003, .01, .03, .1, .3, 1, 3}, "operation"),
	}
	m.registry.MustRegister(m.requests, m.events, m.challenge, m.database, newGauges(b),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	b.store.OnEvent(m.happened)
	b.store.OnQuery(m.asked, func(took time.Duration) bool { return took >= slowQuery })
	return m
}

func seconds(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

// observe counts a request under its route, never under its address: a path
// can hold a token.
func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

// happened counts an event. Only a sign-in's detail is one of a few words.
func (m *metrics) happened(e identity.Event) {
	factor := ""
	if e.Kind == identity.EventLogin {
		factor = e.Detail
	}
	m.events.WithLabelValues(string(e.Kind), factor).Inc()
	if e.Kind == identity.EventLogin && e.Took > 0 {
		m.challenge.WithLabelValues(factor).Observe(e.Took.Seconds())
	}
}

// asked measures a statement. What it has as arguments is not in its text.
func (m *metrics) asked(q store.Query) {
	m.database.WithLabelValues(q.Operation).Observe(q.Took.Seconds())
	if q.Text != "" {
		m.log.Warn("slow statement", "seconds", q.Took.Seconds(), "request", q.Request, "statement", q.Text)
	}
}

// handler serves /metrics and nothing else.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
