// Package scratch has a test process keep its files in memory. The databases of
// the tests are written thousands of times, and each time SQLite waits until the
// disk has it, as it should: it is most of what the tests would wait for, on
// some machines minutes. Processes that are killed find in memory what they
// would find on a disk; what a power cut leaves is not what these tests look at.
package scratch
