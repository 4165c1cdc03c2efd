// Package archtest holds the house's floors as a test: which package stands on
// which floor, and that an import goes to a lower floor only. It has no code
// of its own; see floors_test.go for the table.
//
// A new package is added to the table in the commit that makes it. A package
// that the table does not list fails, as does an import that goes up or
// sideways, an effect in a pure package, and a test helper in the program.
package archtest
