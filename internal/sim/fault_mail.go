package sim

func init() {
	AddFault(Fault{Name: "mail is deferred", Weight: 2, Arm: postal(PostDefers, 30)})
	AddFault(Fault{Name: "mail is refused", Weight: 1, Arm: postal(PostRefuses, 10)})
	AddFault(Fault{Name: "mail is taken and the line dropped", Weight: 2, Arm: postal(PostDrops, 10)})
	AddFault(Fault{Name: "mail comes twice", Weight: 2, Arm: postal(PostTwice, 30)})
	AddFault(Fault{Name: "mail comes late", Weight: 2, Arm: postal(PostLate, 60)})
}

// postal has the mail server be out of order for some steps. What it kept back
// is delivered at the end, the last first.
func postal(mode PostMode, most int) func(*World, *Chance) {
	return func(w *World, c *Chance) {
		if w.Post.Mode != PostWorks {
			return
		}
		w.Post.Mode = mode
		before := w.Post.Seen
		w.Break(1+c.N(most), "the mail server "+string(mode), func() bool {
			defer func() { before = w.Post.Seen }()
			return w.Post.Seen > before
		}, func() {
			w.Post.Mode = PostWorks
			w.Post.Deliver()
		})
	}
}
