// Package gitlab is the client of GitLab.com and of installations of one's own.
//
// What is about many projects goes by GraphQL, many to a document, within the
// complexity that GitLab allows a document; where GraphQL is refused, by REST,
// one by one. What changes something goes by REST, in at most three requests
// for a merge request. Limits are obeyed before GitLab has to say so, and
// waited for where it does.
//
// GitLab cannot be told to move a branch only if it still is where it was seen:
// the client looks right before it writes, and there is a moment in between.
package gitlab
