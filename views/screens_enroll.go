package views

// Offer is a kind of factor that can be set up, in the words of the kind.
type Offer struct {
	Kind, Icon string
	Label      string // "Codes by email"
	About      string // a sentence beside it
	Add        string // "Add an email address"
	Weakness   string // a sentence about a weak kind
	To         string // form field of its target; empty where there is none
	ToLabel    string
	ToButton   string
	ToInput    string
	Ask        string // label of the code's field
	Message    string // what carries the code: "mail"
}

// Enroll is the page of a pending enrollment. A kind that shows more than the
// others has a template of its own, enroll_KIND.html; enroll.html serves all
// others.
type Enroll struct {
	Offer
	Title    string
	Show     any    // what the kind's own template shows
	Picture  string // path of the QR code; empty where there is none
	Address  string // the target, as typed
	Sent     bool   // a code was sent there
	Masked   string
	Mailed   bool // the mail server took the code
	Late     bool // the mail server did not take it yet
	Refused  bool // it was refused for good, so the page asks for another target
	Expired  bool // it expired before it could be sent
	ResendIn int  // seconds until another may be requested
	Name     string
	Next     string  // the page to go to afterwards
	Forced   bool    // the policy requires it: the only other way is to sign out
	Others   []Offer // what may be set up instead
	Alert    string
}

// Template is the template of the kind, if it has one; see Views.template.
func (e Enroll) Template() string { return enrollPrefix + e.Kind }

// enrollPrefix begins the names of templates that belong to one kind.
const enrollPrefix = "enroll_"

// Badge is a kind of factor in a list.
type Badge struct{ Icon, Label string }

// Selectable is one value that can be chosen, in words.
type Selectable struct {
	Value, Label string
	Chosen       bool
}

// chosenValues are the values that are chosen.
func chosenValues(list []Selectable) (values []string) {
	for _, x := range list {
		if x.Chosen {
			values = append(values, x.Value)
		}
	}
	return values
}
