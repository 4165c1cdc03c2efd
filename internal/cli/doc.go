// Package cli is basekeeper's command line: commands, flags, environment and
// the wiring of everything below. It is thin: what a command does is a flow's.
package cli
