package routes

import (
	_ "embed"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// openapi describes the JSON interface. A test holds it against the table.
//
//go:embed openapi.json
var openapi string

// apiDescription serves the description; it needs no token.
func (w *web) apiDescription(c *gin.Context) error {
	c.Data(http.StatusOK, "application/json", []byte(strings.Replace(openapi, `"`+apiPath+`"`, `"`+w.at(apiPath)+`"`, 1)))
	return nil
}
