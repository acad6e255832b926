package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// The longest brand and the longest login together still fit a QR code.
func TestTheLongestBrandFitsAQRCode(t *testing.T) {
	t.Parallel()
	s := sitetest.New(t, func(c *sitetest.Config) { c.Login.Brand = strings.Repeat("日", 66) + "xx" })
	who := strings.Repeat("é", 120)
	s.User(who, identity.Member)
	b := s.Browser().SignIn(who)
	b.Post("/profile/factors/totp")
	b.Get("/profile/factors/totp/qr.png").WantStatus(t, http.StatusOK)
}
