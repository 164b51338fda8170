import Columns
import Contract

extension FunctionCatalog {
  /// Every function and operator of SQL, one line a family.
  public static let builtIn = FunctionCatalog(
    [
      operatorFunctions,
      basicAggregates,
      statisticalAggregates,
      logicalAggregates,
      caseAndPaddingFunctions,
      partFunctions,
      regexFunctions,
      measureFunctions,
      mathematicsFunctions,
      roundingFunctions,
      integerFunctions,
      arrayAccessFunctions,
      arrayMakingFunctions,
      arraySetFunctions,
      mapFunctions,
      higherOrderFunctions,
      higherOrderMapFunctions,
      generatorFunctions,
      conversionFunctions,
      encodingFunctions,
      binaryTextFunctions,
      similarityFunctions,
      bitmapFunctions,
      randomRangeFunctions,
      formatFunctions,
      formatNumberFunctions,
      joiningFunctions,
      miscellaneousFunctions,
      nullFunctions,
      jsonPathFunctions,
      recordFunctions,
      sequenceFunctions,
      numberTextFunctions,
      timeNameFunctions,
      urlFunctions,
      timePartFunctions,
      timeArithmeticFunctions,
      timeTextFunctions,
      timeMakingFunctions,
      timeWindowSpecs,
    ].flatMap { $0 })
}
