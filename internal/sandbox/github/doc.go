// Package github is a GitHub in memory: the part of its REST and GraphQL API
// that basekeeper uses, over real git objects, with GitHub's own rules for
// pull requests, permissions and limits. Tests, the demo and people who want
// to try basekeeper talk to it.
//
// What it answers is held against GitHub's published descriptions by the tests
// of everything that uses it; see internal/sandbox/spectest.
package github
