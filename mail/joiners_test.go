package mail

import "testing"

// Joiners make other words and pictures of their neighbours, so they stay there;
// elsewhere they hide.
func TestJoinersStayBetweenTheirCharacters(t *testing.T) {
	for given, want := range map[string]string{
		"می\u200cخواهم": "می\u200cخواهم", "👩\u200d💻 Ada": "👩\u200d💻 Ada", "❤\ufe0f\u200d🔥": "❤\ufe0f\u200d🔥", "क्\u200dष": "क्\u200dष",
		"A\u200dda": "Ada", "\u200dAda\u200c": "Ada", "a \u200d b": "a  b", "evil\u200d.com": "evil[.]com", "a\u202eb\u2066": "ab",
	} {
		if got := clean("name", given); got != want {
			t.Errorf("%+q became %+q", given, got)
		}
	}
}
