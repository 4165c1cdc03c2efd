package prune

// Scope is where a plan's maker looked for what is in use, so that it can be
// looked for again right before the plan is applied: a plan has no age.
type Scope struct {
	Folders       []string `json:"folders,omitempty"`       // absolute
	InUse         []string `json:"inUse,omitempty"`         // lists of what runs, as absolute file names
	Forge         string   `json:"forge,omitempty"`         // github or gitlab; empty where nothing is read there
	Organizations []string `json:"organizations,omitempty"` // or groups
	Users         []string `json:"users,omitempty"`
	Repositories  []string `json:"repositories,omitempty"` // owner/name
	Installation  bool     `json:"installation,omitempty"` // all that the token may see
	IgnoreUnknown bool     `json:"ignoreUnknown,omitempty"`
	Configured    bool     `json:"configured,omitempty"` // a configuration says which files and branches count
}
