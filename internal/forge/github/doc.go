// Package github reads and changes repositories at GitHub.com and at GitHub
// Enterprise Server.
//
// What REST would answer once for each repository is asked by GraphQL, many to
// a request: repositories with their heads and our pull requests, the content
// of files, the commits of branches. A document that is too much for GitHub's
// ten seconds is halved until it is not. What is written comes in as few
// requests as the API allows, and a branch changes in one step, only from the
// commit that was seen there.
//
// GitHub's limits are kept without being told (requests in flight, points a
// minute, content a minute and an hour), and obeyed where GitHub does tell.
// A request that changes something is repeated only where that is harmless; an
// answer that was lost is an error, and the next run sees what became of it.
package github
