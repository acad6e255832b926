package zzshots
import ("testing";"context";"nightlatch/internal/sitetest";"nightlatch/internal/chrome";"github.com/chromedp/cdproto/network";"github.com/chromedp/chromedp")
func shoot(t *testing.T,c *chrome.Browser,s *sitetest.Site,b *sitetest.Browser,mode string,pages map[string]string){
 c.Run(chromedp.ActionFunc(func(ctx context.Context) error { return network.SetCookie("nightlatch_session",b.Cookie("nightlatch_session")).WithURL(s.URL).Do(ctx)}))
 for n,p:=range pages { c.Go(s.URL+p); if c.HScroll(){t.Errorf("%s %s scrolls",mode,n)}
  c.FullScreenshot("/tmp/ck/s/"+mode+"-"+n+".png")
  for _,v:=range c.Axe(){ t.Errorf("%s %s: %+v",mode,n,v)} }
 for _,e:=range c.ConsoleErrors(){ t.Errorf("%s",e)}
}
