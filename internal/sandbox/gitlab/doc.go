// Package gitlab is a GitLab in one process: the part of its REST and GraphQL
// APIs that basekeeper uses, over git repositories in memory, with GitLab's
// limits, quirks and messages. Beside the API it has hands: methods that do
// what people do to projects and merge requests.
//
// It is made from GitLab's documentation; nothing is guessed where that speaks.
package gitlab
