package github

import "slices"

// accountObject is the account as its own GraphQL type.
func accountObject(a *account) object {
	switch {
	case a == nil:
		return nil
	case a.kind == Organization:
		return organizationObject{a}
	case a.kind == Bot:
		return botObject{a}
	}
	return userObject{a}
}

// userObject is a user. Bots are shown as users too where GraphQL has no
// better word: the viewer, and who wrote a commit.
type userObject struct{ *account }

func (userObject) kinds() []string {
	return []string{"User", "Actor", "Node", "RepositoryOwner", "ProfileOwner", "UniformResourceLocatable", "RequestedReviewer", "Assignee"}
}

func (o userObject) field(q *query, name string, a args) (any, error) {
	switch name {
	case "name":
		return nil, nil
	case "email":
		return o.email(), nil
	}
	return resolve(accountFields, q, o.account, name, a)
}

type organizationObject struct{ *account }

func (organizationObject) kinds() []string {
	return []string{"Organization", "Actor", "Node", "RepositoryOwner", "ProfileOwner", "UniformResourceLocatable"}
}

func (o organizationObject) field(q *query, name string, a args) (any, error) {
	return resolve(accountFields, q, o.account, name, a)
}

type botObject struct{ *account }

func (botObject) kinds() []string {
	return []string{"Bot", "Actor", "Node", "UniformResourceLocatable"}
}

func (o botObject) field(q *query, name string, a args) (any, error) {
	if name == "login" {
		return o.actor(), nil
	}
	if name == "repositories" {
		return nil, errUnknownField
	}
	return resolve(accountFields, q, o.account, name, a)
}

var accountFields = resolvers[*account]{
	"id":           func(_ *query, o *account, _ args) (any, error) { return o.nodeID(), nil },
	"databaseId":   func(_ *query, o *account, _ args) (any, error) { return o.id, nil },
	"login":        func(_ *query, o *account, _ args) (any, error) { return o.login, nil },
	"url":          func(q *query, o *account, _ args) (any, error) { return q.links.web + "/" + o.login, nil },
	"resourcePath": func(_ *query, o *account, _ args) (any, error) { return "/" + o.login, nil },
	"avatarUrl":    func(q *query, o *account, _ args) (any, error) { return q.links.web + "/" + o.login + ".png", nil },
	"createdAt":    func(_ *query, o *account, _ args) (any, error) { return o.created, nil },
	"repositories": repositoriesOf,
	"repository": func(q *query, o *account, a args) (any, error) {
		if r := q.repository(o.login + "/" + a.str("name")); r != nil && q.token.sees(r) {
			return repositoryObject{r}, nil
		}
		return nil, nil
	},
}

func (a *account) nodeID() string {
	prefix := map[AccountKind]string{User: "U", Organization: "O", Bot: "BOT"}[a.kind]
	return nodeID(prefix, a.id)
}

// repositoriesOf lists an owner's repositories. Those who ask for their own are
// taken for collaborators of the repositories that their token names.
func repositoriesOf(q *query, o *account, a args) (any, error) {
	owned := a.allows("ownerAffiliations", "OWNER") && a.allows("affiliations", "OWNER")
	shared := o == q.account(q.token) && q.token.Repositories != nil && a.shares("ownerAffiliations") && (!a.has("affiliations") || a.shares("affiliations"))
	var found []*repository
	for _, r := range q.ordered {
		listed := r.owner == o && owned && q.token.sees(r) || r.owner != o && shared && q.token.grants(r)
		if listed && r.matches(a) {
			found = append(found, r)
		}
	}
	sortRepositories(found, a.input("orderBy"))
	return connect("Repository", found, a, func(r *repository) object { return repositoryObject{r} })
}

// shares reports whether a list of affiliations names another's repositories.
func (a args) shares(name string) bool {
	return slices.Contains(a.strings(name), "COLLABORATOR") || slices.Contains(a.strings(name), "ORGANIZATION_MEMBER")
}

func (r *repository) matches(a args) bool {
	same := func(name string, value bool) bool { return !a.has(name) || a.boolean(name) == value }
	return same("isArchived", r.options.Archived) && same("isFork", r.options.Fork) && same("isLocked", r.options.Locked) &&
		a.is("visibility", r.visibility()) && a.is("privacy", r.visibility())
}

func (r *repository) visibility() string {
	if r.options.Private {
		return "PRIVATE"
	}
	return "PUBLIC"
}

func sortRepositories(list []*repository, order args) {
	compare := map[string]func(a, b *repository) int{
		"NAME":       func(a, b *repository) int { return compareStrings(fold(a.name), fold(b.name)) },
		"PUSHED_AT":  func(a, b *repository) int { return a.pushed.Compare(b.pushed) },
		"UPDATED_AT": func(a, b *repository) int { return a.pushed.Compare(b.pushed) },
		"CREATED_AT": func(a, b *repository) int { return a.created.Compare(b.created) },
	}[order.str("field")]
	if compare == nil {
		return
	}
	if order.str("direction") == "DESC" {
		ascending := compare
		compare = func(a, b *repository) int { return ascending(b, a) }
	}
	slices.SortStableFunc(list, compare)
}
