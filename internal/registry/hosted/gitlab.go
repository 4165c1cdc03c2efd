package hosted

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/retention"
)

// gitLab speaks GitLab's REST API v4 to delete tags, and the OCI API for the
// rest: GitLab's own list has the names of tags and nothing else, and its
// details, a request each, say when an image was built, not when it was pushed.
//
// Of its two ways to delete, the one in bulk is of no use here: it takes a
// pattern, works later, and looks at nothing again before it deletes.
type gitLab struct {
	api *api

	mu     sync.Mutex
	places map[string]string // by repository: the path of its tags
}

func newGitLab(a *api) *gitLab { return &gitLab{api: a, places: map[string]string{}} }

// List implements [Registry].
func (g *gitLab) List(ctx context.Context, ref image.Reference) (retention.Listing, error) {
	if err := g.api.check(ref); err != nil {
		return retention.Listing{}, err
	}
	names, err := g.api.opts.OCI.Tags(ctx, ref.Tagged(""))
	if err != nil {
		return retention.Listing{}, err
	}
	c := g.api.collect()
	for _, name := range names {
		if err := c.tag(name, "", time.Time{}); err != nil {
			return retention.Listing{}, err
		}
	}
	if err := c.resolve(ctx, ref); err != nil {
		return retention.Listing{}, err
	}
	return c.listing(), nil
}

// DeleteTag implements [Registry].
func (g *gitLab) DeleteTag(ctx context.Context, ref image.Reference) error {
	if err := g.api.checkTag(ref); err != nil {
		return err
	}
	place, err := g.place(ctx, ref)
	if err != nil {
		return err
	}
	got, err := g.api.send(ctx, call{method: http.MethodDelete, path: place + "/" + url.PathEscape(ref.Tag), authorize: g.authorize})
	switch {
	case err != nil:
		return err
	case got.status == http.StatusAccepted: // a promise
		return g.api.awaitGone(ctx, ref)
	}
	return g.api.deleted(ctx, ref, got, gitLabRefusal)
}

// DeleteManifest implements [Registry], by the OCI API.
func (g *gitLab) DeleteManifest(ctx context.Context, ref image.Reference) error {
	return g.api.ociDelete(ctx, ref)
}

// place returns the path of the tags of ref's repository, which is known by a
// number under its project. Where the name of the project ends and that of the
// image begins is not to be seen, so the longest is tried first, as GitLab does.
func (g *gitLab) place(ctx context.Context, ref image.Reference) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if place, known := g.places[ref.Repository]; known {
		return place, nil
	}
	if strings.HasPrefix(g.api.opts.User, deployToken) {
		return "", fmt.Errorf("%w: a deploy token does not reach GitLab's API; deleting needs %s", image.ErrDenied, g.api.trait.Needs)
	}
	var denied error
	for project := ref.Repository; strings.Contains(project, "/"); project = project[:strings.LastIndex(project, "/")] {
		id, err := g.find(ctx, project, ref.Repository)
		switch {
		case errors.Is(err, image.ErrDenied):
			denied = firstError(denied, err)
		case err != nil && !errors.Is(err, image.ErrNotFound):
			return "", err
		case id != 0:
			g.places[ref.Repository] = projectPath(project) + "/" + strconv.FormatInt(id, 10) + "/tags"
			return g.places[ref.Repository], nil
		}
	}
	return "", firstError(denied, fmt.Errorf("%w: no project that the token may see has the image repository %s at %s; deleting needs %s",
		image.ErrNotFound, ref.Repository, g.api.base.Host, g.api.trait.Needs))
}

// find returns the id of an image repository of a project; 0 where it has none
// of that path.
func (g *gitLab) find(ctx context.Context, project, repository string) (id int64, err error) {
	seen := map[int64]bool{}
	err = g.api.pages(func(page int) (bool, error) {
		var found []struct {
			ID     int64  `json:"id"`
			Path   string `json:"path"`
			Status string `json:"status"` // null for one that lives
		}
		query := url.Values{"page": {strconv.Itoa(page)}, "per_page": {strconv.Itoa(pageSize)}}
		_, err := g.api.get(ctx, call{path: projectPath(project), query: query, authorize: g.authorize}, &found)
		if err != nil {
			return false, err
		}
		before := len(seen)
		for _, r := range found {
			seen[r.ID] = true
			switch {
			case !strings.EqualFold(r.Path, repository):
			case strings.HasPrefix(r.Status, "delete_"):
				return false, fmt.Errorf("%w: GitLab is about to delete the whole image repository, with all tags", image.ErrRefused)
			default:
				id = r.ID
			}
		}
		return id == 0 && len(found) >= pageSize && len(seen) > before, nil
	})
	return id, err
}

func projectPath(project string) string {
	return "/api/v4/projects/" + url.PathEscape(project) + "/registry/repositories"
}

// deployToken is what the user names of GitLab's deploy tokens begin with.
const deployToken = "gitlab+deploy-token"

// authorize signs with the token: a pipeline's own and one of OAuth have headers
// of their own; oauth2 is the user name that GitLab asks for with the latter.
func (g *gitLab) authorize(req *http.Request) {
	o := g.api.opts
	switch {
	case o.Token == "" && o.User == "gitlab-ci-token":
		req.Header.Set("JOB-TOKEN", o.Password)
	case o.Token == "" && o.User == "oauth2":
		bearer(o.Password)(req)
	case o.token() != "":
		req.Header.Set("PRIVATE-TOKEN", o.token())
	}
}
