package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// The numbers of the story.
const (
	storyDays   = 90
	storyPeople = 200
	policyDay   = 55 // when everyone was told to enroll
	policyFrom  = 12 // days from today until they must
)

// person is somebody in the story. Days count from its beginning; -1 is never.
type person struct {
	login, name    string
	comes          int // the day the account was made
	accepts        int // the day the invite was taken up
	enrolls        int
	kinds          []factors.Kind
	every          int // days between two sign-ins
	ends           string
	secret         []byte
	client         identity.Client
	lastSignIn     int
	known, session string
}

// story makes the accounts live through the days, by way of the same rules
// that hold for everyone.
type story struct {
	b        rooms
	clock    *Clock
	rnd      *rand.Rand
	people   []*person
	password string
	codes    map[string]string // last code mailed to an address
}

func newStory(b rooms, clock *Clock, password string) *story {
	t := &story{b: b, clock: clock, rnd: rand.New(rand.NewPCG(7, 11)), password: password, codes: map[string]string{}}
	for i := range storyPeople {
		t.people = append(t.people, t.invent(i))
	}
	return t
}

var (
	givenNames  = strings.Fields("Ada Grace Alan Edsger Barbara Donald Frances Ken Dennis Radia Tim Margaret Linus Hedy Claude Katherine John Adele Niklaus Joan Whitfield Shafi Ron Silvio Leslie Annie Vint Evelyn Rear Sophie")
	familyNames = strings.Fields("Hart Lindgren Okafor Moreau Tanaka Novak Silva Becker Rossi Haddad Larsen Kowalski Duarte Ivanova Mensah Petrov Yilmaz Nguyen Castillo Weber")
	browsers    = []string{"Firefox on Linux", "Chrome on Windows", "Safari on macOS", "Safari on iOS", "Chrome on Android", "Edge on Windows"}
)

// invent makes somebody up. The first is an admin with an app; the others are
// in every state that an account can be in.
func (t *story) invent(i int) *person {
	name := givenNames[i%len(givenNames)] + " " + familyNames[(i*7+i/30)%len(familyNames)]
	p := &person{name: name, login: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com", accepts: -1, enrolls: -1,
		lastSignIn: -99, every: 6 + t.rnd.IntN(20),
		client: identity.Client{Address: fmt.Sprintf("198.51.100.%d", 1+i), Shown: "198.51.100.x", Range: fmt.Sprintf("198.51.100.%d", 1+i),
			Browser: browsers[t.rnd.IntN(len(browsers))]}}
	if i >= 110 {
		p.comes = t.rnd.IntN(storyDays)
	}
	p.accepts = min(p.comes+t.rnd.IntN(4), storyDays)
	p.kinds = [][]factors.Kind{{factors.KindTOTP}, {factors.KindTOTP}, {factors.KindTOTP, factors.KindEmail}, {factors.KindEmail}}[t.rnd.IntN(4)]
	if t.rnd.IntN(100) < 72 { // most enroll, more of them once they were told
		p.enrolls = p.accepts + t.rnd.IntN(storyDays)
		if p.enrolls > policyDay {
			p.enrolls = max(p.accepts, policyDay+t.rnd.IntN(storyDays-policyDay))
		}
	}
	switch {
	case i == 0:
		p.kinds, p.accepts, p.enrolls, p.every = []factors.Kind{factors.KindTOTP, factors.KindEmail}, 0, 1, 3
	case i%17 == 5:
		p.accepts = -1 // still invited
	case i%29 == 3:
		p.ends = "disabled"
	case i%41 == 7:
		p.ends, p.enrolls, p.kinds = "locked", p.accepts, []factors.Kind{factors.KindTOTP}
	case i%37 == 9:
		p.ends, p.enrolls = "low", p.accepts
	case i%53 == 11:
		p.ends, p.enrolls = "reset", p.accepts
	}
	return p
}

// tell lives through the days.
func (t *story) tell(ctx context.Context) error {
	start := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -storyDays)
	for day := range storyDays + 1 {
		at := start.AddDate(0, 0, day).Add(7 * time.Hour)
		if day == storyDays {
			at = time.Now().Add(-90 * time.Minute)
		}
		t.clock.set(at)
		for i, p := range t.people {
			if err := t.live(ctx, i, p, day); err != nil {
				return fmt.Errorf("%s on day %d: %w", p.login, day, err)
			}
		}
		if day == policyDay {
			if err := t.policy(ctx, start); err != nil {
				return err
			}
		}
		if err := t.deliver(ctx); err != nil {
			return err
		}
		if err := t.b.login.Sweep(ctx); err != nil {
			return err
		}
		if err := t.b.accounts.Sweep(ctx); err != nil {
			return err
		}
	}
	return t.finish(ctx)
}

// live is one day of one person.
func (t *story) live(ctx context.Context, i int, p *person, day int) error {
	if day == p.comes {
		if err := t.create(ctx, i, p); err != nil {
			return err
		}
	}
	due := day-p.lastSignIn >= p.every || day == p.enrolls
	if p.accepts < 0 || day < p.accepts || !due {
		return nil
	}
	t.clock.pass(61 * time.Second) // no code is used twice, and no two are sent within a minute
	p.lastSignIn = day
	if err := t.signIn(ctx, p); err != nil || day != p.enrolls {
		return err
	}
	for _, k := range p.kinds {
		if err := t.enroll(ctx, p, k); err != nil {
			return err
		}
	}
	return nil
}

func (t *story) create(ctx context.Context, i int, p *person) error {
	form := accounts.Form{Login: p.login, Name: p.name, Role: identity.Member, Origin: "cli"}
	if i%25 == 0 {
		form.Role = identity.Admin
	}
	if p.accepts >= 0 {
		form.Password = t.password
	}
	_, err := t.b.accounts.Create(ctx, form, "Nightlatch", identity.Event{Actor: "cli"})
	return err
}

func (t *story) policy(ctx context.Context, start time.Time) error {
	p := identity.DefaultPolicy(t.b.login.Kinds())
	p.Who, p.From = identity.Everyone, start.AddDate(0, 0, storyDays+policyFrom)
	return t.b.accounts.SavePolicy(ctx, accounts.Terminal("Agreed in the security round"), p)
}
