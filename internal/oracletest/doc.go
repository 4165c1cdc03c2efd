// Package oracletest asks BuildKit itself which images a Dockerfile needs, so
// that what basekeeper finds can be compared with what docker build would do.
//
// It is a module of its own: BuildKit's Dockerfile frontend brings many modules
// along that basekeeper's own go.mod shall not carry.
package oracletest
