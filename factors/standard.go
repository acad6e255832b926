package factors

// Standard are the kinds that Nightlatch has, the stronger ones first.
func Standard(e Email, r Recovery) Kinds { return Kinds{TOTP{}, e, r} }

// Known gives the same kinds to code that only asks for their traits. They
// cannot judge an answer.
func Known() Kinds { return Standard(Email{}, Recovery{}) }
