// Package demo shows basekeeper at work on a registry and repositories of its
// own, with the very commands that a user would type.
package demo
