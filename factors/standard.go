package factors

// Standard are the kinds that Nightlatch has, the stronger ones first.
func Standard(e Email, r Recovery) Kinds { return Kinds{TOTP{}, e, r} }

// Known are the same kinds for whoever asks only what they are: they can judge
// nothing.
func Known() Kinds { return Standard(Email{}, Recovery{}) }
