package login

import (
	"testing"
	"time"
)

func TestTrustLabelSaysTheWholeTime(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "", -time.Hour: "", time.Second: "1 second", 90 * time.Second: "1 minute", time.Minute: "1 minute", 59 * time.Minute: "59 minutes",
		time.Hour: "1 hour", 90 * time.Minute: "90 minutes", 2 * time.Hour: "2 hours", 24 * time.Hour: "1 day", 36 * time.Hour: "36 hours",
		25*time.Hour + time.Minute: "1501 minutes", 720 * time.Hour: "30 days",
	} {
		s := &Service{opt: Options{TrustTTL: d}}
		if got := s.TrustLabel(); got != want {
			t.Errorf("%v reads %q, want %q", d, got, want)
		}
	}
}
