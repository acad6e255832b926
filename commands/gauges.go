package commands

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nightlatch.example/nightlatch/mail"
)

// gauges ask a site how it is when somebody asks for its numbers. What cannot be
// known then, since the database is gone, is left out.
type gauges struct {
	b                               *base
	queued, oldest, unchained, hash *prometheus.Desc
}

func newGauges(b *base) *gauges {
	return &gauges{b: b,
		queued:    prometheus.NewDesc("nightlatch_mail_queued", "Mails that wait to be sent, by lane.", []string{"lane"}, nil),
		oldest:    prometheus.NewDesc("nightlatch_mail_oldest_seconds", "Age of the oldest mail that waits, by lane; 0 where none does.", []string{"lane"}, nil),
		unchained: prometheus.NewDesc("nightlatch_audit_unchained", "Events that are not chained to the audit log yet.", nil, nil),
		hash:      prometheus.NewDesc("nightlatch_hash_waiting", "Password checks that wait for a core, in this process.", nil, nil),
	}
}

// Describe gives all gauges.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.queued, g.oldest, g.unchained, g.hash} {
		to <- d
	}
}

// lanes are the words for the lanes of the outbox.
var lanes = map[mail.Lane]string{mail.Codes: "codes", mail.Letters: "letters", mail.Bulk: "bulk"}

// Collect asks the site.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	send := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	send(g.hash, float64(g.b.site.Rooms().Hasher.Waiting()))
	if n, err := g.b.store.Unchained(ctx); err == nil {
		send(g.unchained, float64(n))
	}
	waiting, err := g.b.store.WaitingMail(ctx)
	if err != nil {
		return
	}
	for lane, word := range lanes {
		age := 0.0
		if w := waiting[lane]; w.Mails > 0 {
			age = max(0, g.b.login.Now().Sub(w.Oldest).Seconds())
		}
		send(g.queued, float64(waiting[lane].Mails), word)
		send(g.oldest, age, word)
	}
}
