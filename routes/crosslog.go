package routes

import (
	"errors"

	"github.com/gin-gonic/gin"
)

// mostLogged is how much of a header that a stranger wrote is logged, in bytes.
const mostLogged = 200

// logCross logs why a form was taken for another site's: most often a proxy
// changes Host and NIGHTLATCH_URL is not what stands in the browser's address bar.
func (w *web) logCross(c *gin.Context, err error) {
	if errors.Is(err, errCross) {
		w.Log.Warn("refused as another site's", "id", c.GetString(idKey), "origin", cut(c.GetHeader("Origin")),
			"host", cut(c.Request.Host), "url", w.Login.Options().URL)
	}
}

func cut(s string) string { return s[:min(len(s), mostLogged)] }
