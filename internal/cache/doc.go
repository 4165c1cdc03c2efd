// Package cache keeps what one run learns and the next can use in one file:
// when a digest was first seen behind a tag, which the cooldown counts from;
// what kind of manifest a digest names, which never changes; and what was read
// of a branch at a commit, so that it is not read again until it moves.
//
// The file may be lost, damaged or shared with other runs at any time. Nothing
// but time and requests is lost with it: whatever is not understood is dropped
// and learned again.
package cache
