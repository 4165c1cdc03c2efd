package clitest

import (
	"testing"

	"github.com/basekeeper/basekeeper/internal/registry/registrytest"
)

// Registries are the registries that people run themselves, by name: V3 deletes
// single tags, V2 does not.
func Registries() map[string]func(testing.TB, ...registrytest.Option) registrytest.Host {
	return map[string]func(testing.TB, ...registrytest.Option) registrytest.Host{
		V3: registrytest.StartV3,
		V2: registrytest.StartV2,
	}
}

// The names of the registries.
const (
	V3 = "distribution v3"
	V2 = "distribution 2.8"
)
