// Package clitest runs the whole program in the process of a test, for the
// tests of package cli and for those of packages that stand above it. Only test
// code may import it.
package clitest
