// Package sandbox is a small outside world on the loopback interface: a
// registry in memory, and images to put into it. The demo plays in it, and
// tests do.
//
// It is no model of real registries where deleting is concerned:
// go-containerregistry's registry goes on serving a tag after the digest that
// it points at was deleted.
package sandbox
