package sim

import (
	"maps"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Person is somebody with an account, and what they have and know of it.
type Person struct {
	Name, Login, Email string
	ID                 string // of the account; found out by the simulation
	Admin              bool
	Password           string
	Before             string   // the password before, where nobody heard whether the new one took effect
	Phone              *Phone   // the one they take out of their pocket; nil while there is none with an app
	Phones             []*Phone // all that have an app
	Sheet              []string
	Proven             bool // the address is
	Mails              bool // codes are mailed to the address
	Browsers           []*Browser
	Disabled           bool   // as they were told, or an admin knows
	Gone               bool   // the account was deleted
	Locked             bool   // the password is worth nothing until a new one is set by mail
	Robbed             bool   // somebody else chose the password
	Taken              string // that password
	Old                string // the address before
	Wants              string // the address that they asked for last

	refused   int  // sign-ins in a row that were
	passwords int  // that they had
	addresses int  // that they asked for
	registers bool // and is not invited
	unsure    bool // an admin did something, and nobody heard whether it took effect
}

// Phone holds an app.
type Phone struct {
	Secret []byte
	Drift  int64 // steps that its clock is off
	Lost   bool
}

// CodeOf is what a phone shows now.
func (w *World) CodeOf(p *Phone) string {
	code, _ := factors.TOTPCode(p.Secret, w.Clock.Real().Unix()/factors.TOTPPeriod+p.Drift)
	return code
}

// lastCode is the newest code in a mailbox; empty when there is none.
func (w *World) lastCode(address string) string {
	l, _ := w.Post.Newest(address, func(l sitetest.Letter) bool { return l.Code() != "" })
	return l.Code()
}

// maybe notes that an admin's act may have been carried out: nobody heard.
func (p *Person) maybe() { p.unsure = true }

// ByID finds a person by the id of the account; nil when it is nobody's.
func (w *World) ByID(id string) *Person {
	for _, p := range w.People {
		if p.ID == id && id != "" {
			return p
		}
	}
	return nil
}

// At finds the person whose mailbox an address is, now or before; nil when it is
// nobody's. All addresses of a person begin with their login.
func (w *World) At(address string) *Person {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	name, _, _ := strings.Cut(local, ".")
	for i := len(w.People) - 1; i >= 0; i-- {
		if w.People[i].Login == name || strings.HasPrefix(w.People[i].Login, name+"@") {
			return w.People[i]
		}
	}
	return nil
}

// unused are the codes of a sheet that were not crossed out, in order.
func unused(codes map[string]bool) (list []string) {
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		if !codes[code] {
			list = append(list, code)
		}
	}
	return list
}
