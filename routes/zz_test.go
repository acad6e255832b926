package routes_test
import ("testing";"nightlatch/internal/sitetest";"nightlatch/internal/pgtest")
func TestZZ(t *testing.T){
 s:=sitetest.New(t,func(c *sitetest.Config){c.Database=pgtest.DSN(t)}); boss:=s.Admin("boss"); population(t,s,30)
 for _,q:=range []string{"status=active","status=active&sort=created","q=p01&role=user","q=1%25"} { p:=boss.Get("/admin?"+q); t.Log(q,p.Status) }
 t.Log(s.Log.String())
}
