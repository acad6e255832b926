package routes_test

import (
	"mime"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// A name, the name of a factor and a reason are as long as people count them; a
// header tells as much of a name as it has room for.
func TestNamesAreAsLongAsPeopleCountThem(t *testing.T) {
	const family, letter = "👨‍👩‍👧‍👦", "नि" // one character each
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		b, _ := enrolled(t, s)
		who := "/admin/users/" + s.Account(ada).ID
		phone := "/profile/factors/" + b.Factor("Phone") + "/name"
		for _, c := range []string{family, letter, "a", "é", "🇩🇪"} {
			b.Post("/profile/name", "name", strings.Repeat(c, 100)).Want(t, "/profile?said=name")
			b.Post("/profile/name", "name", strings.Repeat(c, 101)).WantStatus(t, 422)
			b.Post(phone, "name", strings.Repeat(c, 60)).Want(t, "/profile?said=factor-renamed")
			b.Post(phone, "name", strings.Repeat(c, 61)).WantStatus(t, 422)
			boss.Post(who+"/unlock", "reason", strings.Repeat(c, 200)).Want(t, who+"?said=did-unlock")
			boss.Post(who+"/unlock", "reason", strings.Repeat(c, 201)).WantStatus(t, 422)
			if got := s.Account(ada).Name; got != strings.Repeat(c, 100) {
				t.Errorf("kept as %q", got)
			}
			h := b.Get("/verify").WantStatus(t, 200).Header
			told, err := new(mime.WordDecoder).DecodeHeader(h.Get("Remote-Name"))
			if err != nil || told == "" || strings.Trim(told, c) != "" || !strings.HasPrefix(strings.Repeat(c, 100), told) || len(h.Get("Remote-Name")) > 2200 {
				t.Errorf("told as %q, %v", told, err)
			}
		}
	})
}
