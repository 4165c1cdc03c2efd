// Package git holds git repositories in memory for the sandbox's forges: blobs,
// trees, commits and refs with the ids that git itself gives them. What it
// holds can be written to disk as a bare repository.
//
// A Repository is not for concurrent use; the forge that owns it locks.
package git
