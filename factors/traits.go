package factors

import (
	"slices"
	"time"
)

// Strength is how hard it is for somebody else to give the answer.
type Strength int

// The strengths of a kind, the weaker one first.
const (
	Weaker Strength = iota // anyone who can read the channel has the code
	Strong                 // only something that the owner holds can give the answer
)

// Input is what a person types as an answer.
type Input string

// The inputs of a kind.
const (
	Digits Input = "digits" // six digits: a numeric keyboard
	Code   Input = "code"   // letters and digits
)

// Words are what a kind is called and explained with.
type Words struct {
	Label string // one factor of the kind: "Authenticator app"
	Short string // the same in a list: "App"
	Only  string // accounts that have nothing stronger: "Email only"
	Many  string // several of them, inside a sentence: "authenticator apps"
	Icon  string // its picture, defined in views/templates/partials.html

	Ask      string // label of the answer's field
	Hint     string // below that field; may be empty
	Message  string // what carries the code, where one is sent: "mail"
	Weakness string // a sentence about it, where it is weak

	Offer    string // the choice to set one up: "Codes by email"
	About    string // a sentence beside that choice
	Add      string // the button for another one: "Add an email address"
	To       string // form field with the target of an enrollment; empty where there is none
	ToLabel  string // that field's label
	ToButton string // the button that sends a code to the target
	ToInput  string // its input type in HTML
	Title    string // of the enrollment's page
	Purpose  string // what a code for an enrollment is for: "add this address"
}

// Traits are what a kind says about itself. Screens, policy, filters, mails and
// the command line ask for them, and know no kind by name.
type Traits struct {
	Kind Kind
	Words
	Input    Input
	Strength Strength

	Each  bool // each credential is a choice of its own; otherwise one answer is held against all
	Alone bool // it may be the only factor of an account, so it counts as a second factor
	Spare bool // it comes as a set of codes, each good once, beside a factor that stands alone
	Scan  bool // what a pending enrollment shows implements Picture
	Slow  bool // judging an answer costs a slow hash

	Tries   int                         // answers to one challenge before it is void; 0: no limit but the throttle's
	Counts  time.Duration               // length of the steps since 1970 that a credential's Counter counts; 0: it counts no time
	Proves  bool                        // its target is an email address, which an enrollment proves
	Mask    func(address string) string // hides most of a target; nil where there is none
	Number  int                         // of the kind among those that stand alone; kept in databases, so never given to another
	Methods []string                    // what it counts as in amr (RFC 8176)
}

// Detail is what tells one credential from others of its kind on a screen: its
// masked target, or its name.
func (t Traits) Detail(c Credential) string {
	if c.Address != "" && t.Mask != nil {
		return t.Mask(c.Address)
	}
	return c.Name
}

// Kinds are the kinds that a site has, in the order in which they are offered.
type Kinds []Factor

// Find gives the factor of a kind; nil when the site has no such kind.
func (ks Kinds) Find(k Kind) Factor {
	for _, f := range ks {
		if f.Kind() == k {
			return f
		}
	}
	return nil
}

// Of gives the traits of a kind. A kind that the site no longer has is called
// by its bare name, and counts for nothing.
func (ks Kinds) Of(k Kind) Traits {
	if f := ks.Find(k); f != nil {
		return f.Traits()
	}
	return Traits{Kind: k, Words: Words{Label: string(k), Short: string(k), Only: string(k), Many: string(k)}, Number: -1}
}

// Traits gives those of every kind.
func (ks Kinds) Traits() []Traits {
	list := make([]Traits, len(ks))
	for i, f := range ks {
		list[i] = f.Traits()
	}
	return list
}

// Alone gives the traits of the kinds that count as a second factor.
func (ks Kinds) Alone() []Traits {
	return slices.DeleteFunc(ks.Traits(), func(t Traits) bool { return !t.Alone })
}

// Spare gives the kind that comes as a set with the first factor; nil when the
// site has none.
func (ks Kinds) Spare() Spare {
	for _, f := range ks {
		if s, ok := f.(Spare); ok {
			return s
		}
	}
	return nil
}

// Enroller gives a kind that is set up one by one; nil for any other.
func (ks Kinds) Enroller(k Kind) Enroller {
	e, _ := ks.Find(k).(Enroller)
	return e
}
