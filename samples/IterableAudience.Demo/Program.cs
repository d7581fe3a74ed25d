using IterableAudience.Demo.Samples;

return args switch
{
    ["generate-samples"] => GenerateSamplesCommand.Run("samples"),
    ["generate-samples", var folder] => GenerateSamplesCommand.Run(folder),
    _ => 2,
};
