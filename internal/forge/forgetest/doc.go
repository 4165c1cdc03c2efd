// Package forgetest holds what every forge's adapter has to do alike, as tests
// that run against a server of that forge: [Run].
package forgetest
