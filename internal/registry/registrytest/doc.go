// Package registrytest starts registries for tests and fills them: an
// in-memory one, distribution v3 and Debian's distribution 2.8. Only test code
// may import it.
package registrytest
