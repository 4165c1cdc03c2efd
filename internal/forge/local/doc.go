// Package local reads and changes repositories in the local file system: a
// git work tree, a folder of them, or a plain directory.
//
// Nothing in a repository is trusted: no symbolic link leads out of its root,
// every read is bounded, and what is no regular file is left alone. What git
// ignores is ignored, by git's own rules (gitignore(5)).
package local
