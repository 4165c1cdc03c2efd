// Package config turns the bytes of a basekeeper configuration into settings.
// It is pure: it reads no file, no environment and no clock, and what is wrong
// with a file comes back as [Error] values that name line and column.
//
// One table of keys (keys.go) is behind the reader, the suggestions for
// misspelt keys and the JSON Schema, so that these cannot disagree.
package config

// Names are the places of a repository where its configuration may be, in the
// order in which they are looked for; the first that exists is the one.
var Names = []string{".basekeeper.yaml", ".github/basekeeper.yaml", ".gitlab/basekeeper.yaml"}
