package github

import (
	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

type mutationRoot struct{}

func (mutationRoot) kinds() []string { return []string{"Mutation"} }

func (o mutationRoot) field(q *query, name string, a args) (any, error) {
	if q.tooQuickly && (name == "createPullRequest" || name == "addComment") {
		return nil, unprocessable("was submitted too quickly")
	}
	f, ok := mutations[name]
	if !ok {
		return nil, errUnknownField
	}
	in := a.input("input")
	fields, err := f(q, in)
	if err != nil {
		return nil, err
	}
	fields["clientMutationId"] = in["clientMutationId"]
	return values{upperFirst(name) + "Payload", fields}, nil
}

// fields are those of a mutation's payload.
type fields = map[string]any

// mutations change something and return the fields of their payload.
var mutations = map[string]func(q *query, in args) (fields, error){
	"createRef":                  createRef,
	"updateRef":                  updateRef,
	"updateRefs":                 updateRefs,
	"deleteRef":                  deleteRef,
	"createCommitOnBranch":       createCommitOnBranch,
	"createPullRequest":          createPullRequest,
	"updatePullRequest":          updatePullRequest,
	"closePullRequest":           closePullRequest,
	"reopenPullRequest":          reopenPullRequest,
	"mergePullRequest":           mergePullRequest,
	"enablePullRequestAutoMerge": enablePullRequestAutoMerge,
	"disablePullRequestAutoMerge": func(q *query, in args) (fields, error) {
		return q.onPull(in, "pullRequestId", "pull_requests", func(p *pull) error {
			p.auto, p.updated = nil, q.now()
			return nil
		})
	},
	"convertPullRequestToDraft": func(q *query, in args) (fields, error) {
		return q.onPull(in, "pullRequestId", "pull_requests", func(p *pull) error {
			p.draft, p.updated = true, q.now()
			return nil
		})
	},
	"markPullRequestReadyForReview": func(q *query, in args) (fields, error) {
		return q.onPull(in, "pullRequestId", "pull_requests", func(p *pull) error {
			p.draft, p.updated = false, q.now()
			return nil
		})
	},
	"addComment":                addComment,
	"createLabel":               createLabel,
	"addLabelsToLabelable":      addLabelsToLabelable,
	"removeLabelsFromLabelable": removeLabelsFromLabelable,
	"addAssigneesToAssignable":  addAssigneesToAssignable,
	"requestReviews":            requestReviews,
}

// writable finds a repository by its global id, if the token may write to it.
func (q *query) writable(id, permission string) (*repository, error) {
	o, err := q.node(id)
	if err != nil {
		return nil, err
	}
	r, ok := o.(repositoryObject)
	if !ok {
		return nil, missing("Could not resolve to Repository node with the global id of '%s'.", id)
	}
	return r.repository, q.mayWrite(r.repository, permission)
}

// mayWrite says why the token may not.
func (c *call) mayWrite(r *repository, permission string) error {
	switch {
	case !c.token.may(r, permission, "write"):
		return &apiError{Kind: "FORBIDDEN", Message: c.token.refusal()}
	case r.options.Archived:
		return &apiError{Kind: "FORBIDDEN", Message: "Repository was archived so is read-only."}
	case r.readOnly():
		return &apiError{Kind: "FORBIDDEN", Message: "Repository access blocked"}
	}
	return nil
}

// onPull runs f with a pull request that the token may write to.
func (q *query) onPull(in args, argument, permission string, f func(*pull) error) (fields, error) {
	o, err := q.node(in.str(argument))
	if err != nil {
		return nil, err
	}
	p, ok := o.(pullObject)
	if !ok {
		return nil, missing("Could not resolve to PullRequest node with the global id of '%s'.", in.str(argument))
	}
	if err := q.mayWrite(p.repository, permission); err != nil {
		return nil, err
	}
	if err := f(p.pull); err != nil {
		return nil, err
	}
	return fields{"pullRequest": p, "actor": accountObject(q.account(q.token)), "labelable": p, "assignable": p}, nil
}

func upperFirst(s string) string { return string(s[0]-'a'+'A') + s[1:] }

// checkWorkflows refuses a commit that changes workflows with a token that may
// not.
func (c *call) checkWorkflows(r *repository, paths []string) error {
	for _, p := range paths {
		if isWorkflow(p) && !c.token.may(r, "workflows", "write") {
			who := "a GitHub App to create or update workflow `" + p + "` without `workflows` permission"
			if c.token.Kind == UserToken {
				who = "a Personal Access Token to create or update workflow `" + p + "` without `workflow` scope"
			}
			e := unprocessable("refusing to allow " + who)
			e.Kind = "FORBIDDEN"
			return e
		}
	}
	return nil
}

func isWorkflow(path string) bool {
	const dir = ".github/workflows/"
	return len(path) > len(dir) && path[:len(dir)] == dir
}

func commitPayload(r *repository, id git.ID, branch string) fields {
	return fields{"commit": commitObject{r, id}, "ref": refObject{r, git.BranchPrefix + branch}}
}
