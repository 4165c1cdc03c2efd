// Package spectest holds a sandbox's requests and answers against the forge's
// own description of its API, so that a test double cannot accept what the real
// forge would refuse, nor answer what it never would. The descriptions are in
// testdata/specs.
package spectest
