package mail

import "maps"

// template describes one message: the data that it is useless without, and a
// sample of all the data that it may get.
type template struct {
	required []string
	sample   map[string]string
}

// where is the part of a sample that most messages share.
var where = map[string]string{
	"login": "ada", "time": "23 November 2026, 15:04 UTC",
	"browser": "Firefox on Linux", "address": "203.0.113.0/24",
}

func with(more map[string]string) map[string]string {
	all := maps.Clone(where)
	maps.Copy(all, more)
	return all
}

const sampleLink = "https://id.example.com/link/4f9TqEXAMPLE"

// templates are all messages that Nightlatch sends, by name.
var templates = map[string]template{
	"code":               {[]string{"code"}, with(map[string]string{"code": "042137", "purpose": "sign in", "minutes": "5", "sent": "15:04:05 UTC"})},
	"factor-added":       {nil, with(map[string]string{"kind": "Authenticator app", "name": "Phone"})},
	"factor-removed":     {nil, with(map[string]string{"kind": "Emailed code", "name": "Work"})},
	"factor-off":         {nil, with(map[string]string{"kind": "Authenticator app"})},
	"factor-failures":    {nil, with(map[string]string{"kind": "Authenticator app", "count": "20"})},
	"two-factor-off":     {nil, where},
	"recovery-made":      {nil, where},
	"recovery-used":      {nil, with(map[string]string{"left": "3"})},
	"password-changed":   {nil, where},
	"email-changed":      {nil, with(map[string]string{"old": "ada@example.com", "new": "a•••@example.org", "undo": sampleLink})},
	"email-change-asked": {[]string{"link"}, with(map[string]string{"new": "a•••@example.org", "link": sampleLink})},
	"email-change":       {[]string{"link"}, with(map[string]string{"link": sampleLink, "hours": "24"})},
	"email-verify":       {[]string{"link"}, map[string]string{"link": sampleLink, "login": "ada", "hours": "24"}},
	"password-reset":     {[]string{"link"}, with(map[string]string{"link": sampleLink, "hours": "1"})},
	"invite":             {[]string{"link"}, map[string]string{"link": sampleLink, "login": "ada", "by": "Grace", "hours": "72"}},
	"register":           {[]string{"link"}, with(map[string]string{"link": sampleLink, "hours": "24"})},
	"register-taken":     {[]string{"link"}, with(map[string]string{"link": sampleLink})},
	"new-browser":        {nil, where},
	"new-browsers":       {nil, map[string]string{"login": "ada", "time": where["time"], "link": "https://id.example.com/profile/activity"}},
	"admin-reset":        {nil, map[string]string{"login": "ada", "time": where["time"], "by": "grace", "reason": "lost phone", "link": sampleLink}},
	"admin-password":     {[]string{"link"}, map[string]string{"login": "ada", "time": where["time"], "by": "grace", "reason": "forgot it", "link": sampleLink, "hours": "1"}},
	"admin-change":       {nil, map[string]string{"login": "ada", "time": where["time"], "by": "grace", "what": "it was disabled", "reason": "left the house"}},
	"restored":           {nil, map[string]string{"login": "ada", "time": where["time"]}},
	"second-step-failed": {nil, with(map[string]string{"link": sampleLink})},
	"policy-reminder":    {nil, map[string]string{"login": "ada", "days": "7", "date": "1 December 2026", "link": "https://id.example.com/profile"}},
}

// sampleMessage is a believable message made from the template called name, for
// previews and checks. An unknown name gives a message without data.
func sampleMessage(name string) Message {
	return Message{ID: "sample", Template: name, To: "ada@example.com", Data: maps.Clone(templates[name].sample)}
}
