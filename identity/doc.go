// Package identity holds the nouns that all the others share: account, session,
// browser, link, event, mail, policy and refusal, and what a login and an address
// are. They know no rules beyond what follows from themselves.
package identity
