namespace XLLM.Silo.Transfer;

/// <summary>Least squares over a stream, newer measurements counting more: y = w · x. Pure; not thread-safe.</summary>
/// <remarks>Recursive least squares with a forgetting factor. Source: Ljung, "System Identification", 2nd edition, section 11.2.</remarks>
internal sealed class OnlineFit
{
    private readonly double[] _weights;
    private readonly double[,] _covariance;
    private readonly double[] _gain;
    private readonly double _remember;

    /// <param name="prior">Weights before the first measurement.</param>
    /// <param name="doubt">How far from the truth the prior may be, by weight: large ones follow the first measurements at once.</param>
    /// <param name="remember">Weight of the measurement before against the newest, 0 to 1: 0.99 remembers about the last 100.</param>
    public OnlineFit(double[] prior, double[] doubt, double remember = 0.99)
    {
        _weights = [.. prior];
        _gain = new double[prior.Length];
        _covariance = new double[prior.Length, prior.Length];
        for (var i = 0; i < prior.Length; i++)
        {
            _covariance[i, i] = doubt[i] * doubt[i];
        }

        _remember = remember;
    }

    /// <summary>Measurements taken in.</summary>
    public long Count { get; private set; }

    /// <summary>Takes a measurement in.</summary>
    /// <param name="x">As many as there are weights.</param>
    /// <param name="y">What was measured.</param>
    public void Add(ReadOnlySpan<double> x, double y)
    {
        var n = _weights.Length;
        var spread = _remember;
        for (var i = 0; i < n; i++)
        {
            _gain[i] = 0;
            for (var j = 0; j < n; j++)
            {
                _gain[i] += _covariance[i, j] * x[j];
            }
        }

        for (var i = 0; i < n; i++)
        {
            spread += x[i] * _gain[i];
        }

        var error = y - Raw(x);
        for (var i = 0; i < n; i++)
        {
            _weights[i] += _gain[i] / spread * error;
        }

        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                _covariance[i, j] = (_covariance[i, j] - (_gain[i] * _gain[j] / spread)) / _remember;
            }
        }

        Count++;
    }

    /// <summary>What would be measured, at least 0. Weights below 0 count as 0: nothing gets cheaper by being more.</summary>
    public double Predict(ReadOnlySpan<double> x)
    {
        var y = 0.0;
        for (var i = 0; i < _weights.Length; i++)
        {
            y += Math.Max(0, _weights[i]) * x[i];
        }

        return y;
    }

    private double Raw(ReadOnlySpan<double> x)
    {
        var y = 0.0;
        for (var i = 0; i < _weights.Length; i++)
        {
            y += _weights[i] * x[i];
        }

        return y;
    }
}
