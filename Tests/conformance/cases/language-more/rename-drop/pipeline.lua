return function(session, inputs, F)
  return inputs.t:withColumnRenamed("s","txt"):withColumnRenamed("nope","x"):drop("d","zzz"):toDF("a","b","c")
end
