package cache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/basekeeper/basekeeper/internal/image"
)

// errLater marks a file of a later version than this program knows.
var errLater = errors.New("written by a later version of basekeeper")

// Cache is the content of a cache file in memory. It is safe for concurrent
// use by the goroutines of one process; several processes may share the file.
type Cache struct {
	path   string
	now    time.Time
	isNew  bool
	lost   string
	frozen bool // the file is of a later version and stays as it is
	read   sum  // of the file as it was opened

	mu        sync.Mutex
	tags      map[string]*tag
	manifests map[image.Digest]*manifest
	relations map[image.Digest]*relations
	sights    map[string]*sight    // by published tag
	followed  map[string]time.Time // by repository, when its merges were followed up
	heads     map[string]*head     // by repository#branch
	refs      *references          // of the heads
}

// Open reads the file at path. A missing one is an empty cache, and so is one
// that is damaged, larger than 64 MiB or of a later version; [Cache.Lost] then
// says why. now is the time of the run: what was last used more than a year
// before it is dropped when the cache is saved.
//
// The error names a file that is there and cannot be read.
func Open(path string, now time.Time) (*Cache, error) {
	c := &Cache{
		path: path, now: now.UTC().Round(0),
		tags: map[string]*tag{}, manifests: map[image.Digest]*manifest{}, relations: map[image.Digest]*relations{}, sights: map[string]*sight{}, followed: map[string]time.Time{}, heads: map[string]*head{}, refs: newReferences(),
	}
	content, err := readFile(path)
	var old contents
	if err == nil {
		old, err = decode(content)
	}
	switch damage, ok := errors.AsType[*damageError](err); {
	case err == nil:
		c.tags, c.manifests, c.heads, c.refs = old.tags, old.manifests, old.heads, old.refs
		c.relations, c.sights, c.followed = old.relations, old.sights, old.followed
		c.read = sha256.Sum256(content)
	case errors.Is(err, fs.ErrNotExist):
		c.isNew = true
	case ok:
		c.isNew, c.lost, c.frozen = true, damage.Error(), errors.Is(err, errLater)
	default:
		return nil, fmt.Errorf("open cache: %w", err)
	}
	return c, nil
}

// New reports whether there was no usable cache, so that the clock of every
// cooldown starts with this run.
func (c *Cache) New() bool { return c.isNew }

// Lost says why a file that was there could not be used; empty where it could,
// or where there was none.
func (c *Cache) Lost() string { return c.lost }

// Save merges the cache with what is in the file by now, since another run may
// have written it, and replaces the file in one step; its directory is made
// where it is missing. Of two first sights of a digest the earlier counts.
// Nothing is written where nothing has changed, and nothing over a file of a
// later version.
//
// Two runs that save in the same moment may lose what one of them learned, no
// more.
func (c *Cache) Save() error {
	if c.frozen {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	onDisk, err := c.catchUp()
	damaged := false
	if _, ok := errors.AsType[*damageError](err); ok {
		damaged = true
	}
	switch {
	case errors.Is(err, errLater):
		return nil
	case err != nil && !damaged && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("save cache: %w", err)
	}
	c.expire()
	doc, next, err := c.document()
	if err != nil {
		return fmt.Errorf("save cache %s: %w", c.path, err)
	}
	if next == onDisk {
		return nil
	}
	if err := writeFile(c.path, doc.write); err != nil {
		return fmt.Errorf("save cache: %w", err)
	}
	return nil
}

// catchUp merges with what another run has written since the file was opened,
// and returns the file's hash.
func (c *Cache) catchUp() (sum, error) {
	onDisk, err := sumFile(c.path)
	if err != nil || onDisk == c.read {
		return onDisk, err
	}
	content, err := readFile(c.path)
	if err != nil {
		return sum{}, err
	}
	other, err := decode(content)
	if err == nil {
		c.merge(other)
	}
	return sha256.Sum256(content), err
}
