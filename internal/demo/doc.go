// Package demo shows basekeeper at work on a registry, a GitHub or
// GitLab, and repositories of its own, with the very commands that a user would type. The
// same world, without the story, is what basekeeper sandbox serves.
package demo
