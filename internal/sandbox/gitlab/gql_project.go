package gitlab

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/sandbox/git"
)

// access is what a token may do in a project.
type access struct {
	project *project
	role    int
}

var projectFields = map[string]resolver{
	"Project.id":                               plain(func(p *project) any { return gid("Project", p.id) }),
	"Project.fullPath":                         plain(func(p *project) any { return p.path() }),
	"Project.path":                             plain(func(p *project) any { return p.name }),
	"Project.name":                             plain(func(p *project) any { return p.name }),
	"Project.nameWithNamespace":                plain(func(p *project) any { return strings.ReplaceAll(p.path(), "/", " / ") }),
	"Project.description":                      plain(func(p *project) any { return p.options.Description }),
	"Project.archived":                         plain(func(p *project) any { return p.options.Archived }),
	"Project.visibility":                       plain(func(p *project) any { return p.options.Visibility }),
	"Project.topics":                           plain(func(p *project) any { return append([]string{}, p.options.Topics...) }),
	"Project.isForked":                         plain(func(p *project) any { return p.forkOf != nil }),
	"Project.createdAt":                        plain(func(p *project) any { return p.created }),
	"Project.updatedAt":                        plain(func(p *project) any { return p.active }),
	"Project.lastActivityAt":                   plain(func(p *project) any { return p.active }),
	"Project.mergeRequestsEnabled":             plain(func(p *project) any { return !p.options.NoMergeRequests && !p.options.Disabled }),
	"Project.markedForDeletion":                plain(func(p *project) any { return p.options.Deleting }),
	"Project.removeSourceBranchAfterMerge":     plain(func(*project) any { return true }),
	"Project.onlyAllowMergeIfPipelineSucceeds": plain(func(p *project) any { return p.options.RequirePipeline }),
	"Project.namespace":                        plain(func(p *project) any { return p.space }),
	"Project.languages": plain(func(p *project) any {
		if p.options.Language == "" {
			return []any{}
		}
		return []language{{p.options.Language, 100}}
	}),
	"Project.markedForDeletionOn": of(func(q *query, p *project, _ args) (any, error) {
		if !p.options.Deleting {
			return nil, nil
		}
		return q.now().AddDate(0, 0, -1).Truncate(24 * time.Hour), nil
	}),
	"Project.forkedFrom": of(func(q *query, p *project, _ args) (any, error) {
		if p.forkOf == nil || !q.token.sees(p.forkOf) {
			return nil, nil
		}
		return p.forkOf, nil
	}),
	"Project.group": plain(func(p *project) any {
		if p.space.account != nil {
			return nil
		}
		return p.space
	}),
	"Project.webUrl":          of(func(q *query, p *project, _ args) (any, error) { return q.web + "/" + p.path(), nil }),
	"Project.httpUrlToRepo":   of(func(q *query, p *project, _ args) (any, error) { return q.web + "/" + p.path() + ".git", nil }),
	"Project.sshUrlToRepo":    of(func(q *query, p *project, _ args) (any, error) { return q.simpleProject(p)["ssh_url_to_repo"], nil }),
	"Project.maxAccessLevel":  of(func(q *query, p *project, _ args) (any, error) { return access{p, q.token.role(p)}, nil }),
	"Project.userPermissions": of(func(q *query, p *project, _ args) (any, error) { return access{p, q.token.role(p)}, nil }),
	"Project.statistics": of(func(q *query, p *project, _ args) (any, error) {
		if q.token.role(p) < Reporter {
			return nil, nil
		}
		return p, nil
	}),
	"Project.repository": plain(func(p *project) any {
		if p.options.Disabled {
			return nil
		}
		return p
	}),
	"Project.mergeRequest": of(func(_ *query, p *project, a args) (any, error) {
		if p.options.NoMergeRequests || p.options.Disabled {
			return nil, nil
		}
		return p.merge(a.number("iid", 0)), nil
	}),
	"Project.mergeRequests": of(func(_ *query, p *project, a args) (any, error) { return p.selected(a) }),

	"RepositoryLanguage.name":  plain(func(l language) any { return l.name }),
	"RepositoryLanguage.share": plain(func(l language) any { return l.share }),
	"RepositoryLanguage.color": plain(func(language) any { return nil }),

	"ProjectStatistics.commitCount":    plain(func(p *project) any { return len(p.git.Between("", p.headID())) }),
	"ProjectStatistics.repositorySize": plain(func(p *project) any { return p.size() }),
	"ProjectStatistics.storageSize":    plain(func(p *project) any { return p.size() }),

	"AccessLevel.integerValue": plain(func(a access) any { return a.role }),
	"AccessLevel.stringValue": plain(func(a access) any {
		for name, role := range roles {
			if role == a.role {
				return name
			}
		}
		return "NO_ACCESS"
	}),
	"ProjectPermissions.readProject":            plain(func(access) any { return true }),
	"ProjectPermissions.downloadCode":           plain(func(a access) any { return !a.project.options.Disabled }),
	"ProjectPermissions.pushCode":               plain(func(a access) any { return a.writes() }),
	"ProjectPermissions.createMergeRequestIn":   plain(func(a access) any { return !a.project.options.Archived && !a.project.options.NoMergeRequests }),
	"ProjectPermissions.createMergeRequestFrom": plain(func(a access) any { return a.writes() }),
}

type language struct {
	name  string
	share float64
}

func (a access) writes() bool {
	return a.role >= Developer && !a.project.options.Archived && !a.project.options.Disabled
}

// headID is the commit of the default branch; empty for none.
func (p *project) headID() git.ID {
	id, _ := p.git.Ref(p.defaultRef())
	return id
}

// size is in bytes: what is set, else what the files take.
func (p *project) size() int64 {
	if p.options.Size > 0 {
		return p.options.Size
	}
	return p.git.Size()
}

// selected are the merge requests that the arguments ask for, the newest first
// where they do not say otherwise.
func (p *project) selected(a args) (any, error) {
	found := []*mergeRequest{}
	if p.options.NoMergeRequests || p.options.Disabled {
		return found, nil
	}
	for _, m := range p.merges[1:] {
		if ok, err := m.wanted(a); err != nil {
			return nil, err
		} else if ok {
			found = append(found, m)
		}
	}
	key, descending := strings.CutSuffix(strings.ToUpper(a.str("sort")), "_DESC")
	when := func(m *mergeRequest) time.Time {
		switch strings.TrimSuffix(key, "_ASC") {
		case "UPDATED":
			return m.updated
		case "MERGED_AT":
			return m.merged
		case "CLOSED_AT":
			return m.closed
		}
		return m.created
	}
	slices.SortStableFunc(found, func(x, y *mergeRequest) int {
		by := when(x).Compare(when(y))
		if by == 0 {
			by = x.iid - y.iid
		}
		if descending {
			by = -by
		}
		return by
	})
	return found, nil
}

// wanted reports whether the arguments ask for a merge request.
func (m *mergeRequest) wanted(a args) (bool, error) {
	for name, at := range map[string]time.Time{"created": m.created, "updated": m.updated, "merged": m.merged} {
		after, err := a.time(name + "After")
		if err != nil {
			return false, err
		}
		before, err := a.time(name + "Before")
		if err != nil {
			return false, err
		}
		if !after.IsZero() && !at.After(after) || !before.IsZero() && (at.IsZero() || !at.Before(before)) {
			return false, nil
		}
	}
	labels := a.list("labelName")
	for _, l := range labels {
		if !slices.Contains(m.labels, l) {
			return false, nil
		}
	}
	state := a.str("state")
	return (state == "" || state == "all" || state == m.state) && (!a.has("draft") || a.boolean("draft") == m.draft()) &&
		(!a.has("authorUsername") || fold(a.str("authorUsername")) == fold(m.author.username)) &&
		a.names("iids", strconv.Itoa(m.iid)) && a.names("sourceBranches", m.branch) && a.names("targetBranches", m.target), nil
}
