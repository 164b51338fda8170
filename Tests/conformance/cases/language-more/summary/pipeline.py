def pipeline(spark, inputs, F):
    return (inputs["t"].summary("count","mean","max"))
