package hosted

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"
	"golang.org/x/sync/errgroup"

	"github.com/basekeeper/basekeeper/internal/image"
)

const kind = "container" // of GitHub's packages

// read finds a package and reads all of its versions, the pages after the first
// side by side. Whether the owner is an organization or a user, the first page
// shows.
func (g *ghcr) read(ctx context.Context, ref image.Reference) (*pack, []*github.PackageVersion, error) {
	owner, name, ok := strings.Cut(ref.Repository, "/")
	if !ok {
		return nil, nil, fmt.Errorf("%s is no package of GitHub's: want %s/OWNER/NAME", ref.Name(), ref.Registry)
	}
	p := &pack{owner: owner, name: name, user: g.isUser(ref.Repository), versions: map[image.Digest]version{}}
	first, resp, err := g.page(ctx, p, 1)
	if status(resp) == http.StatusNotFound {
		p.user = !p.user
		first, resp, err = g.page(ctx, p, 1)
	}
	if err != nil {
		return nil, nil, g.restError(ctx, resp, err)
	}
	rest, err := g.following(ctx, p, resp)
	if err != nil {
		return nil, nil, err
	}
	return p, append(first, rest...), nil
}

// isUser is what was found out about the owner before.
func (g *ghcr) isUser(repository string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.packs[repository]
	return p != nil && p.user
}

// following reads the pages after the first.
func (g *ghcr) following(ctx context.Context, p *pack, first *github.Response) ([]*github.PackageVersion, error) {
	last := first.LastPage
	if last > maxPages {
		return nil, g.api.endless()
	}
	pages := make([][]*github.PackageVersion, max(last+1, 2))
	next := first.NextPage
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(g.api.opts.Concurrency)
	for n := 2; n <= last; n++ {
		group.Go(func() error {
			found, resp, err := g.page(inner, p, n)
			if err != nil {
				return g.restError(ctx, resp, err)
			}
			pages[n] = found
			if n == last {
				next = resp.NextPage
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for ; next > len(pages)-1 && next <= maxPages; next++ { // it has grown meanwhile
		found, resp, err := g.page(ctx, p, next)
		if err != nil {
			return nil, g.restError(ctx, resp, err)
		}
		pages = append(pages, found)
		if resp.NextPage == 0 {
			return slices.Concat(pages...), nil
		}
	}
	if next > maxPages {
		return nil, g.api.endless()
	}
	return slices.Concat(pages...), nil
}

func (g *ghcr) page(ctx context.Context, p *pack, n int) ([]*github.PackageVersion, *github.Response, error) {
	active := "active"
	opts := &github.PackageListOptions{State: &active, ListOptions: github.ListOptions{Page: n, PerPage: pageSize}}
	if p.user {
		return g.rest.Users.PackageGetAllVersions(ctx, p.owner, kind, url.PathEscape(p.name), opts)
	}
	return g.rest.Organizations.PackageGetAllVersions(ctx, p.owner, kind, p.name, opts)
}

func (g *ghcr) version(ctx context.Context, p *pack, id int64) (*github.PackageVersion, *github.Response, error) {
	if p.user {
		return g.rest.Users.PackageGetVersion(ctx, p.owner, kind, url.PathEscape(p.name), id)
	}
	return g.rest.Organizations.PackageGetVersion(ctx, p.owner, kind, p.name, id)
}

func (g *ghcr) remove(ctx context.Context, p *pack, id int64) (*github.Response, error) {
	if p.user {
		return g.rest.Users.PackageDeleteVersion(ctx, p.owner, kind, url.PathEscape(p.name), id)
	}
	return g.rest.Organizations.PackageDeleteVersion(ctx, p.owner, kind, p.name, id)
}

// deleteEvery is the least time between two deletes. GitHub counts 900 points a
// minute, a delete for five, and the read before it for one: 150 of both.
const deleteEvery = 400 * time.Millisecond

// pace keeps deletes apart.
type pace struct {
	sleep func(context.Context, time.Duration) error
	now   func() time.Time

	mu   sync.Mutex
	next time.Time
}

func newPace(o Options) *pace { return &pace{sleep: o.Sleep, now: o.Now} }

// wait waits until it is time for the next delete; the error is ctx's.
func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	now := p.now()
	at := later(now, p.next)
	p.next = at.Add(deleteEvery)
	p.mu.Unlock()
	if !at.After(now) {
		return ctx.Err()
	}
	return p.sleep(ctx, at.Sub(now))
}
