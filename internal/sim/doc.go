// Package sim lets a whole site live through days and years in minutes, with
// everything that happens to it drawn from one seed: people, attackers, the
// operator, and whatever can break. The clock is the simulation's, nothing sleeps,
// and nothing goes over a network. After each step the rules are looked at; a
// run that breaks one is cut down to the fewest steps that still do.
//
// docs/SIMULATION.md says how to add an actor, a rule or a fault: one file each.
package sim
