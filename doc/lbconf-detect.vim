autocmd BufRead,BufNewFile haproxy*.cfg,lbd*.cfg,*/haproxy/*.cfg setfiletype lbconf
