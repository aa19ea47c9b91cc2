"""Arrays in, arrays out: demand to mean, quantiles and lead-time demand. Knows no Django.

    trained = train(panel, seed=0)                                # once a night, over all series
    result = forecast(panel, trained, interval, horizon=28)       # for any part of the series
    data = trained.dumps(); trained = Trained.loads(data)         # between processes
"""
