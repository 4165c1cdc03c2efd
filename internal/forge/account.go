package forge

// Account is who the token of a run belongs to. Pull requests and commits of
// this account are our own.
type Account struct {
	Login string // an App's ends in [bot]
	Kind  AccountKind
}

// AccountKind tells accounts apart by what the forge lets them do.
type AccountKind string

// The kinds of accounts.
const (
	Person   AccountKind = "person"   // a user, and whatever has a user's token
	App      AccountKind = "app"      // an App's installation, a project's or a group's bot
	Pipeline AccountKind = "pipeline" // the CI system itself: GITHUB_TOKEN, CI_JOB_TOKEN
)
